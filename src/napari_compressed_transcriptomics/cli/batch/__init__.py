"""Work without anybody watching: settings in a file, many inputs, completion in shells."""
