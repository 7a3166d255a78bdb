// Descending
