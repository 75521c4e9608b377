"""Jobs on AWS: what is uploaded, how each platform is asked to run it, and what became of it."""
