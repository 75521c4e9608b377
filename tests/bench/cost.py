"""What the stack costs a month, from prices, sizes and counted requests: `python tests/bench/cost.py`."""

from __future__ import annotations

from collections.abc import Iterator

from soundlake.launch.aws.deploy import TRIGGER
from soundlake.launch.aws.sizes import size_of
from soundlake.launch.aws.stack import ENDPOINTS, defaults
from soundlake.settings.model import DeploySettings
from soundlake.settings.types import in_seconds

# US dollars in us-east-1, list prices noted on 2026-11-28, with where AWS says them: look before you rely on them.
PRICES = {
    "EMR Serverless, vCPU hour": (0.052624, "https://aws.amazon.com/emr/pricing/"),
    "EMR Serverless, GB hour": (0.0057785, "https://aws.amazon.com/emr/pricing/"),
    "EMR on EC2, m5.xlarge hour with EMR": (0.240, "https://aws.amazon.com/emr/pricing/"),
    "Glue, DPU hour": (0.44, "https://aws.amazon.com/glue/pricing/"),
    "Kinesis, shard hour": (0.015, "https://aws.amazon.com/kinesis/data-streams/pricing/"),
    "Kinesis, shard hour kept beyond a day": (0.020, "https://aws.amazon.com/kinesis/data-streams/pricing/"),
    "Kinesis, million records up to 25 KB": (0.014, "https://aws.amazon.com/kinesis/data-streams/pricing/"),
    "S3, thousand PUT or LIST": (0.005, "https://aws.amazon.com/s3/pricing/"),
    "S3, thousand GET or HEAD": (0.0004, "https://aws.amazon.com/s3/pricing/"),
    "S3, GB month": (0.023, "https://aws.amazon.com/s3/pricing/"),
    "endpoint, hour in one zone": (0.01, "https://aws.amazon.com/privatelink/pricing/"),
}
HOURS, SECONDS = 730, 730 * 3600
# Requests of a batch of ingest and one of refine, counted by tests/bench/s3_requests.py.
REQUESTS = {"PUT or LIST": 77.1, "GET or HEAD": 93.3}
BYTES = 425  # a play
KEPT = 0.5  # of a record's bytes, in bronze and silver together: a guess
SHARD_RECORDS = 1000
BATCH_HOURS = 7.5  # of batch jobs: a quarter of an hour a day, a guess
EXECUTORS = {50: 1, 500: 1, 5000: 2}
RATES = tuple(EXECUTORS)


def price(name: str) -> float:
    """Dollars for one."""
    return PRICES[name][0]


def compute(target: str, rate: int) -> float:
    """A stream for a month, and the batch jobs where they run."""
    deploy = DeploySettings()
    stream, batch = size_of(deploy, streams=True), size_of(deploy, streams=False)
    cores = stream.driver.cores + stream.executor.cores * EXECUTORS[rate]
    memory = stream.driver.memory + stream.executor.memory * EXECUTORS[rate]
    vcpu, gb = price("EMR Serverless, vCPU hour"), price("EMR Serverless, GB hour")
    jobs = BATCH_HOURS * (batch.cores * vcpu + batch.memory * gb)
    if target == "EMR Serverless":
        return HOURS * (cores * vcpu + memory * gb) + jobs
    if target == "Glue":
        return HOURS * price("Glue, DPU hour") * 2 + jobs  # its driver and one worker of G.1X
    return HOURS * price("EMR on EC2, m5.xlarge hour with EMR") * 2  # a primary and a core node, for all jobs


def rest(rate: int) -> Iterator[tuple[str, float]]:
    """What the records cost wherever they are refined."""
    shards = max(int(defaults()["KinesisShards"]), -(-rate // SHARD_RECORDS))
    kept = price("Kinesis, shard hour") + price("Kinesis, shard hour kept beyond a day")
    yield "Kinesis", HOURS * shards * kept + rate * SECONDS / 1e6 * price("Kinesis, million records up to 25 KB")
    batch = sum(count * price(f"S3, thousand {kind}") / 1000 for kind, count in REQUESTS.items())
    yield "S3, requests", SECONDS / in_seconds(TRIGGER) * batch
    yield "S3, a month's records", rate * SECONDS * BYTES * KEPT / 1e9 * price("S3, GB month")
    yield "endpoints in one zone", HOURS * len(ENDPOINTS) * price("endpoint, hour in one zone")


def main() -> None:
    """Print the prices and the sums as Markdown."""
    requests = " and ".join(f"{count:.0f} {kind}" for kind, count in REQUESTS.items())
    print(f"Every {TRIGGER}, one batch of ingest and one of refine together make {requests} requests to S3.\n")
    print(
        "| US dollars a month | "
        + " | ".join(f"{rate:,} records/s" for rate in RATES)
        + " |\n|---|"
        + "---|" * len(RATES)
    )
    for name in dict(rest(RATES[0])):
        print(f"| {name} | " + " | ".join(f"{dict(rest(rate))[name]:.0f}" for rate in RATES) + " |")
    for target in ("EMR Serverless", "EMR on EC2", "Glue"):
        sums = [(compute(target, rate), sum(dict(rest(rate)).values())) for rate in RATES]
        print(f"| {target} | " + " | ".join(f"{own:.0f}" for own, _ in sums) + " |")
        print(f"| **all, on {target}** | " + " | ".join(f"**{own + more:.0f}**" for own, more in sums) + " |")
    print("\n| price | US dollars | source |\n|---|---|---|")
    for name, (dollars, source) in PRICES.items():
        print(f"| {name} | {dollars} | {source} |")


if __name__ == "__main__":
    main()
