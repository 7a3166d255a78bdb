// What reads and writes arrays throws `FileError`: whoever imports Arrays can name it.
@_exported import SystemFiles
