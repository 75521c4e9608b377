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
output() { aws cloudformation describe-stacks --stack-name soundlake-smoke --output text \
    --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue"; }

say "what this account would refuse"
soundlake deploy --check "${options[@]}"

say "deploy"
soundlake deploy --yes "${options[@]}"
lake=$(output LakeUri) landed=$(output LandedRecords) workgroup=$(output WorkGroupName)
for one in "$lake" "$landed" "$workgroup"; do
    [[ -n "$one" && "$one" != None ]] || { echo "the stack has no outputs" >&2; exit 1; }
done
options+=(--set "lake.uri=$lake" --set catalog.type=glue --set "athena.workgroup=$workgroup" --set "source.files.path=$landed")

say "1,000 records"
.venv/bin/python - <<'END' | aws s3 cp - "$landed/smoke/records.ndjson"
import json
for number in range(1000):
    payload = {"id": f"smoke{number:017d}", "name": f"Song {number}", "popularity": number % 101}
    print(json.dumps({"kind": "track", "fetched_at": "2026-01-01T00:00:00Z", "source": "smoke", "payload": payload}))
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

say "tear down: what runs, then the buckets with all their versions"
aws cloudformation delete-stack --stack-name soundlake-smoke
aws cloudformation wait stack-delete-complete --stack-name soundlake-smoke
for bucket in $(aws cloudformation list-stack-resources --stack-name soundlake-smoke-storage --output text \
    --query "StackResourceSummaries[?ResourceType=='AWS::S3::Bucket'].PhysicalResourceId"); do
    .venv/bin/python -c 'import boto3, sys; boto3.resource("s3").Bucket(sys.argv[1]).object_versions.delete()' "$bucket"
    aws s3api delete-bucket --bucket "$bucket"
done
aws cloudformation delete-stack --stack-name soundlake-smoke-storage
say "done. The key, the Kinesis stream and the Spotify secret are kept by design: delete them by hand"
