# What developers do. `make` lists it.
.DEFAULT_GOAL := help
.SHELLFLAGS := -euo pipefail -c
SHELL := bash
# Without compiled modules each run takes five seconds more.
unexport PYTHONDONTWRITEBYTECODE

PYTHON := .venv/bin/python
TESTS ?= tests
REST := not faults and not lines and not browser and not cluster
MARKS ?= not slow and $(REST)
RECORDS ?= 1000000
# Two processes: one for all that needs Spark or a service that a run has once, one for the rest.
BESIDE := -n 2 --dist loadgroup
# The files that are not heavy or slow as a whole: importing the others takes seconds.
QUICK = $(shell grep -L '^pytestmark = .*\(heavy\|slow\)' tests/unit/test_*.py)
# COVERAGE=1 measures which lines and branches of lib/ are reached, and fails where they are too few (pyproject.toml).
COVERAGE ?=
MEASURED := $(if $(COVERAGE),--cov --cov-report=term)

.PHONY: help setup test test-fast test-unit test-integration test-athena test-faults test-spark35 compare-lines bench-ingest bench-plays bench-recommend lint lint-aws format demo docs lambda clean
.PHONY: docs-site hooks mutants notebook-pages notebooks pictures playground playground-down test-cluster test-dashboard test-nightly test-slow

help: ## List the targets
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: ## Make or renew .venv, with the tools of developers
	@./spark-submit.sh --setup dev

test: setup ## Run the tests; TESTS=tests/unit/test_x.py for some, COVERAGE=1 to measure what they reach
	@$(PYTHON) -m pytest $(BESIDE) $(MEASURED) -m "$(MARKS)" $(TESTS)

test-fast: setup ## Run what needs no Spark, server or page, with few examples; 15 seconds
	@$(PYTHON) -m pytest -n 2 --dist worksteal -p no:nbmake --durations=3 --hypothesis-profile=fast -m "$(MARKS) and not heavy" $(QUICK)

test-unit: setup ## Run the tests that need no service, no table on disk and no other process
	@$(PYTHON) -m pytest $(BESIDE) tests/unit

test-integration: setup ## Run the tests of the real queries on real files
	@$(PYTHON) -m pytest -m "$(MARKS)" tests/integration

test-slow: setup ## Run the slow tests, without the nightly ones
	@$(PYTHON) -m pytest $(BESIDE) -m "slow and not nightly and $(REST)" $(TESTS)

test-nightly: setup ## Run the slowest tests, which CI leaves out
	@$(PYTHON) -m pytest $(BESIDE) -m "nightly and $(REST)" $(TESTS)

test-athena: setup ## The lake on S3, in Glue, read by Trino, the engine of Athena's family
	@$(PYTHON) -m pytest tests/integration/test_s3_lake.py tests/integration/test_s3_start.py \
		tests/integration/test_files_in_trino.py tests/integration/test_athena_engine.py

test-dashboard: setup ## Walk the dashboard in Chromium, on the lake of the demo or of SOUNDLAKE_DEMO_LAKE
	@command -v chromium chromium-browser google-chrome > /dev/null || { echo "this needs Chromium: apt install chromium fonts-noto-cjk" >&2; exit 2; }
	@$(PYTHON) -m pytest -n 2 --dist loadfile -m browser tests/integration

test-cluster: setup ## Jobs whose executors are killed, and a stream at rest, on a Spark cluster of this machine
	@$(PYTHON) -m pytest -m cluster tests/integration/test_spark_cluster.py tests/integration/test_lost_executor.py

pictures: setup ## Take the picture that the README shows, from the lake of SOUNDLAKE_DEMO_LAKE
	@SOUNDLAKE_PICTURES=docs/images $(PYTHON) -m pytest -m browser -k is_drawn tests/integration/test_dashboard_drawn.py

test-faults: setup ## Harm the real job in every way, and renew the table in docs/faults.md; takes an hour
	@SOUNDLAKE_FAULTS_TABLE=docs/faults.md $(PYTHON) -m pytest tests/faults \
		tests/integration/test_rebuild.py tests/integration/test_replay_rejected.py tests/integration/test_checkpoint_recovery.py

bench-ingest: setup ## Measure how fast a Kafka backlog becomes tables, against plainer ways; then latency and start-up
	@$(PYTHON) tests/bench/ingest.py --records $(RECORDS)
	@$(PYTHON) tests/bench/latency.py

# What every line promises: the sources (Kinesis needs a connector there that no registry has), refine, KMeans, marts, S3.
ON_EVERY_LINE := tests/integration/test_sources_contract.py tests/integration/test_stream_once.py \
	tests/integration/test_clusters_training.py tests/integration/test_insights_builder.py tests/integration/test_maintenance.py \
	tests/integration/test_s3_lake.py::test_the_lake_on_an_s3_that_fails_now_and_then_is_the_same_as_on_a_disk

test-spark35: setup ## Run the contract tests on the other Spark line, in its own environment
	@./spark-submit.sh --spark 3.5 --setup dev
	@.venv-3.5/bin/python -m pytest -k "not kinesis" $(ON_EVERY_LINE)

compare-lines: setup ## Run the demo on both Spark lines and compare the tables
	@./spark-submit.sh --spark 3.5 --setup
	@$(PYTHON) -m pytest -m lines tests/lines

lint: setup docs-site ## Check style, types, the layers, the links of docs/, and that the data dictionary is up to date
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@$(PYTHON) -m soundlake.data_dictionary --check

lint-aws: setup ## Check the AWS stack with checkov, in an environment of its own
	@test -x .venv-checkov/bin/checkov || { $(PYTHON) -m venv .venv-checkov && \
		.venv-checkov/bin/pip install --quiet --requirement conf/checkov.txt; }
	@$(PYTHON) tests/helpers/templates.py build/aws/templates
	@.venv/bin/cfn-lint build/aws/templates/*.json
	@.venv-checkov/bin/checkov --directory build/aws/templates --framework cloudformation --compact --quiet --skip-download

format: setup ## Format the code and put imports in order
	@$(PYTHON) -m ruff check --fix --select I .
	@$(PYTHON) -m ruff format .

notebooks: setup ## Write the .ipynb of each notebook from its .py, without outputs
	@.venv/bin/jupytext --quiet --to ipynb notebooks/*.py

notebook-pages: setup ## Run the notebooks on the lake of the demo or of SOUNDLAKE_DEMO_LAKE, and write docs/notebooks
	@PYTHONPATH=tests $(PYTHON) tests/helpers/notebook_pages.py

demo: ## Run the main job on the bundled records, into ./demo-lake
	@./spark-submit.sh demo

playground: setup ## All of it on this machine, no account needed: RATE=200 records a second, SOURCE=kafka or kinesis
	@$(PYTHON) tests/playground/run.py up $(if $(RATE),--rate $(RATE)) $(if $(SOURCE),--source $(SOURCE))

playground-down: ## End the playground
	@$(PYTHON) tests/playground/run.py down

docs-site: setup ## Make build/site from docs/; fails where a link leads nowhere
	@NO_MKDOCS_2_WARNING=1 $(PYTHON) -m mkdocs build --quiet

hooks: setup ## Run the checks of `make lint` before each commit from now on
	@.venv/bin/pre-commit install

mutants: setup ## Try the faults of tests/mutants on the tests, and write docs/mutants.md; takes half an hour
	@$(PYTHON) tests/mutants/run.py

docs: setup ## Write docs/data-dictionary.md
	@$(PYTHON) -m soundlake.data_dictionary

lambda: setup ## Make build/soundlake-extract.zip, the Lambda function that extracts by the clock
	@$(PYTHON) -m soundlake.launch.lambda_archive

bench-recommend: setup ## Judge recommendations: SONGS= and CHARTS= the full data (else the sample), LAKE= a lake with plays, WEIGHTS=1
	@$(PYTHON) tests/bench/recommend.py \
		$(if $(SONGS),--songs $(SONGS)) $(if $(CHARTS),--charts $(CHARTS)) $(if $(LAKE),--lake $(LAKE)) \
		$(if $(WEIGHTS),--weights)

bench-plays: setup ## Measure marts and dashboard with many made-up plays: LAKE= a lake to copy, PLAYS=10000000
	@$(PYTHON) tests/bench/many_plays.py --lake $(or $(LAKE),demo-lake) --plays $(or $(PLAYS),10000000)

clean: ## Remove what the project made: environments, builds, caches, the demo's lake; ./lake and ./records stay
	@rm -rf .venv .venv.lock .venv-* demo-lake artifacts spark-warehouse build dist
	@rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache lib/soundlake.egg-info
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
