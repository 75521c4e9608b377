"""From a command line to a running job: environment, versions, settings, launch.

`bootstrap` and what it imports run before anything is installed: the standard library only.
"""
