// Only its flags are wanted: CMPI includes mpi.h itself.
