"""`python -m soundlake.launch JOB [options]`: the launcher, in an environment that is set up."""

from __future__ import annotations

import sys

from soundlake.launch.main import launch

launch(sys.argv[1:])
