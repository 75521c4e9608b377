"""The dashboard: pages that answer the questions of the lake. The only room that knows the web framework."""
