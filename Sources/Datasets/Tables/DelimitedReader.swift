import Foundation

/// Reads text whose cells are divided by a character, in one pass over a buffer: numbers go from bytes to doubles without
/// a text in between.
final class DelimitedReader {
  private let path: String
  private let format: TableFormat
  /// The decimal sign where the format names none.
  private let expected: DecimalSign?
  private let source: ByteSource
  /// Bytes that are there, one more behind them that belongs to no number.
  private var buffer: UnsafeMutablePointer<UInt8>
  private var capacity = 1 << 22
  private var end = 0
  private var isAtEnd = false
  /// UTF-8 text that was something else, still to be handed out.
  private var converted: (bytes: [UInt8], position: Int)?
  private var latinLine: Int?
  private var droppedTrailing = false

  init(_ path: String, _ format: TableFormat, _ expected: DecimalSign?) throws {
    (self.path, self.format, self.expected) = (path, format, expected)
    source = try ByteSource(path)
    buffer = .allocate(capacity: capacity + 1)
  }

  deinit { buffer.deallocate() }

  func read() throws -> Table {
    try fill()
    var start = 0
    let bytes = UnsafeBufferPointer(start: buffer, count: end)
    let isUTF16 = format.encoding == .utf16 || (format.encoding == nil && Self.looksLikeUTF16(bytes))
    if isUTF16 { try convertFromUTF16() }
    if end >= 3, buffer[0] == 0xef, buffer[1] == 0xbb, buffer[2] == 0xbf { start = 3 }
    let sampled = try sample(from: start)
    let dialect = try Dialect(
      UnsafeBufferPointer(start: buffer + start, count: sampled), isWhole: isAtEnd && start + sampled == end, format,
      expected, path)
    let builder = try TableBuilder(path, names: dialect.names)
    guard dialect.names.count > 1 else {
      throw DatasetError(
        path,
        "has one column, \(dialect.names[0]): no delimiter was found; name it by --delimiter, or give more columns")
    }
    try parse(from: start, dialect, builder)
    var notes = dialect.notes
    if isUTF16 { notes.append("read as UTF-16") }
    if let latinLine { notes.append("line \(latinLine) is no UTF-8: such cells are read as Latin-1") }
    if droppedTrailing { notes.append("rows end with a delimiter") }
    if dialect.skippedLines > 0 { notes.append("\(dialect.skippedLines) lines of comments in front") }
    return try builder.table(
      notes: notes, hasHeader: dialect.hasHeader, asideNote: dialect.asideNote, decimal: dialect.decimal)
  }

  // MARK: The buffer

  /// Reads until the buffer is full.
  private func fill() throws {
    while end < capacity {
      let count: Int
      if case (let bytes, var position)? = converted {
        count = min(bytes.count - position, capacity - end)
        bytes.withUnsafeBufferPointer { (buffer + end).update(from: $0.baseAddress! + position, count: count) }
        position += count
        converted = (bytes, position)
      } else {
        count = try source.read(into: buffer + end, capacity: capacity - end)
      }
      if count == 0 {
        isAtEnd = true
        break
      }
      end += count
    }
    buffer[end] = 0
  }

  /// Moves what is left to the front and reads more, into a larger buffer where a row fills it all.
  private func advance(keeping start: Int) throws {
    if start == 0, end == capacity {
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: 2 * capacity + 1)
      larger.update(from: buffer, count: end)
      buffer.deallocate()
      (buffer, capacity) = (larger, 2 * capacity)
    } else {
      buffer.update(from: buffer + start, count: end - start)
      end -= start
    }
    try fill()
  }

  /// Bytes from a place on that show how cells are told apart: 256 KB, of wide tables more, until 20 rows are whole or
  /// the text ends. From 64 MB on two rows do.
  private func sample(from start: Int) throws -> Int {
    var (size, counted, rows) = (1 << 18, start, 0)
    var isQuoted = false
    var last = UInt8(ascii: "\n")
    while true {
      while end - start < size, !isAtEnd { try advance(keeping: 0) }
      let stop = start + min(size, end - start)
      while counted < stop {
        let byte = buffer[counted]
        counted += 1
        if byte == 0x22 {
          // A quote opens where a cell may start; within a cell it is a sign like others.
          if isQuoted || [0x22, 0x20, 0x09, 0x0a, 0x0d, 0x2c, 0x3b, 0x7c].contains(last) { isQuoted.toggle() }
        } else if !isQuoted, byte == 0x0a || byte == 0x0d, last != 0x0d {
          rows += 1
        }
        last = byte
      }
      if isAtEnd && stop == end || rows >= (size < 1 << 26 ? 20 : 2) { return stop - start }
      size *= 2
    }
  }

  private static func looksLikeUTF16(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard bytes.count >= 2 else { return false }
    if (bytes[0] == 0xff && bytes[1] == 0xfe) || (bytes[0] == 0xfe && bytes[1] == 0xff) { return true }
    let seen = min(bytes.count, 1000)
    return (0..<seen).filter { bytes[$0] == 0 }.count * 3 > seen
  }

  private func convertFromUTF16() throws {
    var data = Data(bytes: buffer, count: end)
    data.append(try source.readAll())
    let isMarked = data.count >= 2 && ((data[0] == 0xff && data[1] == 0xfe) || (data[0] == 0xfe && data[1] == 0xff))
    let encoding: String.Encoding = isMarked ? .utf16 : data.first == 0 ? .utf16BigEndian : .utf16LittleEndian
    guard data.count % 2 == 0, let text = String(data: data, encoding: encoding) else {
      throw DatasetError(path, "is no UTF-16 text")
    }
    converted = (Array(text.utf8), 0)
    (end, isAtEnd) = (0, false)
    try fill()
  }

  // MARK: Rows

  private func parse(from start: Int, _ dialect: Dialect, _ builder: TableBuilder) throws {
    let width = dialect.names.count
    let slots = UnsafeMutablePointer<UnsafeMutablePointer<Double>?>.allocate(capacity: width)
    slots.initialize(repeating: nil, count: width)
    defer { slots.deallocate() }
    var position = start
    var line = 1
    for _ in 0..<dialect.skippedLines {
      while position < end, buffer[position] != 0x0a { position += 1 }
      position += 1
      line += 1
    }
    var isHeader = dialect.skipsFirstRow
    let (delimiter, decimal) = (dialect.delimiter, (dialect.decimal ?? .point).byte)
    let powers = NumberText.exactPowers
    let isBlankDivided = delimiter == 0x20
    let mask = builder.pieceSize - 1
    var row = 0
    while true {
      // One row; where it is not whole, its beginning is kept and it is read again.
      let base = UnsafePointer(buffer)
      let stop = base + end
      let rowStart = base + position
      var p = rowStart
      if isBlankDivided { while p < stop, p.pointee == 0x20 { p += 1 } }
      if p == stop {
        if isAtEnd { break }
        try advance(keeping: position)
        position = 0
        continue
      }
      if p.pointee == 0x0a || p.pointee == 0x0d {
        if p.pointee == 0x0d {
          if p + 1 == stop, !isAtEnd {
            try advance(keeping: position)
            position = 0
            continue
          }
          if p + 1 < stop, (p + 1).pointee == 0x0a { p += 1 }
        }
        line += 1
        position = p + 1 - base
        continue
      }
      let place = row & mask
      if place == 0, !isHeader, row >= grown {
        for (index, column) in builder.columns.enumerated() { slots[index] = column.grow() }
        grown = row + builder.pieceSize
      }
      var cells = 0
      var addedLines = 0
      var isWhole = false
      var extra: String?
      while true {
        if !isHeader, cells < width, let slot = slots[cells] {
          var value = 0.0
          var q = p
          if !isBlankDivided { while q.pointee == 0x20 { q += 1 } }
          if var after = NumberText.scan(q, decimal: decimal, powers: powers, &value) {
            let text = UnsafeBufferPointer(start: q, count: after - q)
            if !isBlankDivided { while after.pointee == 0x20 { after += 1 } }
            let mark = after.pointee
            if after < stop ? mark == delimiter || mark == 0x0a || mark == 0x0d : isAtEnd {
              slot[place] = value
              if abs(value) >= NumberText.wholeLimit { builder.columns[cells].note(large: value, text, row, decimal) }
              cells += 1
              p = after
              if p < stop, mark == delimiter {
                p += 1
                if isBlankDivided {
                  while p < stop, p.pointee == 0x20 { p += 1 }
                  if p < stop, p.pointee != 0x0a, p.pointee != 0x0d { continue }
                } else {
                  continue
                }
              }
              if p < stop || isAtEnd { isWhole = true }
              break
            }
          }
        }
        guard
          let (text, after) = try cell(
            p, stop, delimiter, line, &addedLines, column: cells < width ? dialect.names[cells] : "\(cells)")
        else { break }
        if !isHeader {
          if cells < width {
            if builder.columns[cells].put(text, row: row, decimal: decimal) { slots[cells] = nil }
          } else if cells == width {
            extra = text
          }
        }
        cells += 1
        p = after
        guard p < stop, p.pointee == delimiter else {
          isWhole = p < stop || isAtEnd
          break
        }
        p += 1
        if isBlankDivided {
          while p < stop, p.pointee == 0x20 { p += 1 }
          if p < stop, p.pointee == 0x0a || p.pointee == 0x0d {
            isWhole = true
            break
          }
          if p == stop {
            isWhole = isAtEnd
            break
          }
        } else if p == stop, isAtEnd {
          // The file ends with a delimiter: a last, empty cell.
          if !isHeader, cells < width { builder.columns[cells].putMissing(row: row) }
          if cells == width { extra = "" }
          cells += 1
          isWhole = true
          break
        }
      }
      if isWhole, p < stop, p.pointee == 0x0d, p + 1 == stop, !isAtEnd { isWhole = false }
      guard isWhole else {
        try advance(keeping: position)
        position = 0
        continue
      }
      if isHeader {
        isHeader = false
      } else {
        if cells != width {
          guard cells == width + 1, extra == "" else {
            throw DatasetError(path, "line \(line) has \(cells) cells and not \(width)")
          }
          droppedTrailing = true
        }
        builder.note(line: line)
        builder.endRow()
        row += 1
      }
      line += addedLines
      if p < stop {
        if p.pointee == 0x0d, p + 1 < stop, (p + 1).pointee == 0x0a { p += 1 }
        p += 1
        line += 1
      }
      position = p - base
    }
  }

  /// The row from which the columns have no room.
  private var grown = 0

  /// A cell that is no plain number, and the place behind it; nil where the buffer ends before.
  private func cell(
    _ start: UnsafePointer<UInt8>, _ stop: UnsafePointer<UInt8>, _ delimiter: UInt8, _ line: Int, _ lines: inout Int,
    column: @autoclosure () -> String
  ) throws -> (text: String, after: UnsafePointer<UInt8>)? {
    var p = start
    while p < stop, p.pointee == 0x20, delimiter != 0x20 { p += 1 }
    if p < stop, p.pointee == 0x22 {
      var bytes: [UInt8] = []
      var added = 0
      p += 1
      while true {
        guard p < stop else {
          if isAtEnd {
            throw DatasetError(path, "a quoted field that starts in line \(line + lines) never ends")
          }
          return nil
        }
        let byte = p.pointee
        p += 1
        if byte == 0x22 {
          if p < stop, p.pointee == 0x22 {
            bytes.append(byte)
            p += 1
            continue
          }
          if p == stop, !isAtEnd { return nil }
          break
        }
        if byte == 0x0a { added += 1 }
        bytes.append(byte)
      }
      while p < stop, p.pointee == 0x20 || p.pointee == 0x09, p.pointee != delimiter { p += 1 }
      guard p < stop || isAtEnd else { return nil }
      if p < stop, p.pointee != delimiter, p.pointee != 0x0a, p.pointee != 0x0d {
        let (first, last) = (line + lines, line + lines + added)
        throw DatasetError(
          path,
          "line \(last), column \(column()): text follows a closing quote"
            + (added > 0 ? ", of the quoted field that starts in line \(first)" : "")
            + "; a quote within quotes is written twice, and one that is no part of the cell is to go")
      }
      lines += added
      return (try bytes.withUnsafeBufferPointer { try decode($0, line) }.trimmingCharacters(in: .whitespaces), p)
    }
    let first = p
    while p < stop, p.pointee != delimiter, p.pointee != 0x0a, p.pointee != 0x0d { p += 1 }
    if p == stop, !isAtEnd { return nil }
    var last = p
    while last > first, (last - 1).pointee == 0x20 || (last - 1).pointee == 0x09 { last -= 1 }
    if last == first { return ("", p) }
    return (try decode(UnsafeBufferPointer(start: first, count: last - first), line), p)
  }

  private func decode(_ bytes: UnsafeBufferPointer<UInt8>, _ line: Int) throws -> String {
    if format.encoding == .latin1 { return Text.latin1(bytes) }
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    guard format.encoding == nil else { throw DatasetError(path, "line \(line) is no UTF-8 text") }
    if latinLine == nil { latinLine = line }
    return Text.latin1(bytes)
  }
}
