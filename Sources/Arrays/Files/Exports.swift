// A broken promise of the interface is told by its sentence here and in all rooms above.
@_exported import Preconditions
// What reads and writes arrays throws `FileError`: whoever imports Arrays can name it.
@_exported import SystemFiles
