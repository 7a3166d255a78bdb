// RunLogs tests
