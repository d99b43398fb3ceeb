"""Forms that open data: tables with their atlas, volumes, and what is here already."""
