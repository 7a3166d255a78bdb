// RunLogs
