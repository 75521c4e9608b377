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

/** Delta's log on S3: a commit is put on the condition that there is none of its number yet, so none is overwritten. */
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
        // Overwriting spares the look whether the file is there: the condition is that look, made by S3 itself.
        FSDataOutputStreamBuilder<?, ?> file = system.createFile(path);
        file.overwrite(true);
        file.must(IF_NEW, true);
        try (FSDataOutputStream out = file.build()) {
            out.write(content);
        } catch (IOException error) {
            if (!system.exists(path)) {
                throw error;
            }
            // A put whose answer is lost is tried again, and refused for the file that it made itself.
            try (InputStream found = system.open(path)) {
                if (!Arrays.equals(found.readAllBytes(), content)) {
                    throw new FileAlreadyExistsException(path.toString());
                }
            }
        }
    }
}
