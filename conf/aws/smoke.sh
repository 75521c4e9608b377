#!/usr/bin/env bash
# The stack in a real account, once, end to end: deploy, 1,000 records, wait for them in Athena, every named query, tear down.
# It costs about a dollar and takes half an hour. It stops at the first thing that fails, and leaves the stacks to look at.
#
#     AWS_PROFILE=… AWS_REGION=… conf/aws/smoke.sh [--keep] [--config FILE]
#
# Records go as a file into the landing bucket and are taken in by `stream --once` on EMR Serverless: no VPC is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."

keep=no
options=(--set deploy.stack=soundlake-smoke --set source.type=files --set catalog.database=soundlake_smoke)
while (($#)); do
    case "$1" in
        --keep) keep=yes; shift ;;
        --config) options+=(--config "$2"); shift 2 ;;
        *) echo "usage: conf/aws/smoke.sh [--keep] [--config FILE]" >&2; exit 2 ;;
    esac
done

soundlake() { .venv/bin/soundlake "$@"; }
say() { printf '\n== %s\n' "$*"; }
# A program on stdin, in the project's Python: the AWS command line may not be installed.
python() { .venv/bin/python - "$@"; }
output() { python "$1" <<'END'
import sys
from soundlake.aws import open_client
(stack,) = open_client("cloudformation").describe_stacks(StackName="soundlake-smoke")["Stacks"]
print(*(one["OutputValue"] for one in stack["Outputs"] if one["OutputKey"] == sys.argv[1]))
END
}

say "what this account would refuse"
soundlake deploy --check "${options[@]}"

say "deploy"
soundlake deploy --yes "${options[@]}"
lake=$(output LakeUri) landed=$(output LandedRecords) workgroup=$(output WorkGroupName) application=$(output ApplicationId)
for one in "$lake" "$landed" "$workgroup" "$application"; do
    [[ -n "$one" ]] || { echo "the stack has no outputs" >&2; exit 1; }
done
options+=(--set "lake.uri=$lake" --set catalog.type=glue --set "athena.workgroup=$workgroup" --set "source.files.path=$landed")

say "1,000 records"
python "$landed" <<'END'
import json, sys
from soundlake.aws import open_client
from soundlake.settings.bucket import split_uri
payloads = [{"id": f"smoke{number:017d}", "name": f"Song {number}", "popularity": number % 101} for number in range(1000)]
about = {"kind": "track", "fetched_at": "2026-01-01T00:00:00Z", "source": "smoke"}
body = "".join(json.dumps({**about, "payload": payload}) + "\n" for payload in payloads)
bucket, prefix = split_uri(sys.argv[1])
open_client("s3").put_object(Bucket=bucket, Key=f"{prefix}/smoke/records.ndjson", Body=body.encode())
END
./spark-submit.sh --target emr-serverless stream --once --wait "${options[@]}"

say "in Athena"
deadline=$((SECONDS + 600))
until [[ $(soundlake query "SELECT count(*) AS tracks FROM silver_tracks" --format csv "${options[@]}" | tail -n 1) == 1000 ]]; do
    ((SECONDS < deadline)) || { echo "the records are not in Athena after ten minutes" >&2; exit 1; }
    sleep 15
done

say "every named query"
./spark-submit.sh --target emr-serverless build_insights --wait "${options[@]}"
./spark-submit.sh --target emr-serverless register_tables --wait "${options[@]}"
for file in lib/soundlake/insights/*.sql; do
    name=$(basename "$file" .sql)
    soundlake query "$name" "${options[@]}" > /dev/null || { echo "$name failed" >&2; exit 1; }
    echo "ok  $name"
done

if [[ $keep == yes ]]; then
    say "done; the stacks stay: soundlake-smoke, soundlake-smoke-storage"
    exit 0
fi

say "tear down: what runs, then what the stacks keep: the buckets with all their versions, the Kinesis stream, the secret, the key"
python "$application" <<'END'
import sys, time
from soundlake.aws import open_client, open_session
serverless, application = open_client("emr-serverless"), {"applicationId": sys.argv[1]}
def is_at_rest():
    return serverless.get_application(**application)["application"]["state"] in ("CREATED", "STOPPED")
# CloudFormation cannot delete an application that is started: https://github.com/gchq/sleeper/issues/1125
if not is_at_rest():
    serverless.stop_application(**application)
while not is_at_rest():
    time.sleep(5)
cloudformation, s3 = open_client("cloudformation"), open_session().resource("s3")
removed = {
    "AWS::Kinesis::Stream": lambda name: open_client("kinesis").delete_stream(StreamName=name),
    "AWS::SecretsManager::Secret": lambda name: open_client("secretsmanager").delete_secret(
        SecretId=name, ForceDeleteWithoutRecovery=True
    ),
    "AWS::S3::Bucket": lambda name: (s3.Bucket(name).object_versions.delete(), s3.Bucket(name).delete()),
    "AWS::KMS::Key": lambda name: open_client("kms").schedule_key_deletion(KeyId=name, PendingWindowInDays=7),
}
for stack in ("soundlake-smoke", "soundlake-smoke-storage"):
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    made = [(one["ResourceType"], one["PhysicalResourceId"]) for page in pages for one in page["StackResourceSummaries"]]
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)
    for kind, name in made:
        if kind in removed:
            removed[kind](name)
END
say "done: nothing is left but the key, which AWS deletes in seven days"
