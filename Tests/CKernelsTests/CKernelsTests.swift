// CKernels tests
