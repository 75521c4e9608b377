package soundlake;

import io.delta.storage.S3SingleDriverLogStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Delta's log store for S3, but a commit is created only if its version has none yet: no commit is overwritten. */
public final class ConditionalLogStore extends S3SingleDriverLogStore {
    private static final String IF_NEW = "fs.option.create.conditional.overwrite"; // hadoop-aws 3.4.2 and later

    public ConditionalLogStore(Configuration configuration) {
        super(configuration);
    }

    @Override
    public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration configuration)
            throws IOException {
        if (overwrite) {
            super.write(path, actions, true, configuration);
            return;
        }
        StringBuilder text = new StringBuilder();
        actions.forEachRemaining(action -> text.append(action).append('\n'));
        byte[] content = text.toString().getBytes(StandardCharsets.UTF_8);
        FileSystem system = path.getFileSystem(configuration);
        // With `overwrite` S3A does not look for the file first: S3 itself checks the condition.
        FSDataOutputStreamBuilder<?, ?> file = system.createFile(path);
        file.overwrite(true);
        file.must(IF_NEW, true);
        try {
            put(file, content);
        } catch (IOException error) {
            if (!system.exists(path)) {
                throw error;
            }
            // S3A repeats a put whose answer was lost, and S3 then refuses it because of the file that the first one made.
            try (InputStream found = system.open(path)) {
                if (!Arrays.equals(found.readAllBytes(), content)) {
                    throw new FileAlreadyExistsException(path.toString());
                }
            }
        }
    }

    private static void put(FSDataOutputStreamBuilder<?, ?> file, byte[] content) throws IOException {
        FSDataOutputStream out = file.build();
        try {
            out.write(content);
        } catch (IOException error) {
            out.abort(); // closing it would put what has been written so far: half a commit
            throw error;
        }
        out.close();
    }
}
