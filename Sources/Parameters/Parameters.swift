// Parameters
