"""One page of HTML that decodes any gene in the browser, offline."""
