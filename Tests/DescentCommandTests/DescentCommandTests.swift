// DescentCommand tests
