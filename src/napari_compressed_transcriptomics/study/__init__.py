"""Methods compared, maps predicted, and coherence measured, all on samples held out."""
