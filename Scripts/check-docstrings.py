#!/usr/bin/env python3
"""Lists what is public and says too little of itself: file, line, name. Fails if there is any.

    Scripts/check-docstrings.py FOLDER...    folders of symbol graphs (*.symbols.json), as `swift package
                                             dump-symbol-graph --minimum-access-level public` leaves them

Rules:
- Every public declaration has a docstring, and so does every requirement of a public protocol.
- A witness needs none: its requirement tells. A witness is what implements or overrides a documented declaration (the
  compiler hands its docstring on), what bears the name of a requirement of a protocol of ours to which its type conforms,
  and what bears the name of a requirement in SYSTEM below of a protocol of Swift or Foundation to which its type conforms.
- Cases of an enum need none when the enum has one. Properties need one, each. An initializer needs none if it takes nothing
  but values for properties of its type, by their names, and throws nothing: the properties tell.
- The docstring of what throws says what is thrown: "- Throws:", or the word "throw" or "error".
- A docstring names only parameters that are there. It need not name all: often the name tells enough.
"""

import json
import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlparse

# Requirements of protocols that are not ours.
SYSTEM = {
    "CustomStringConvertible": "description",
    "CustomDebugStringConvertible": "debugDescription",
    "LocalizedError": "errorDescription failureReason recoverySuggestion helpAnchor",
    "Equatable": "==(_:_:)",
    "Comparable": "<(_:_:)",
    "Hashable": "hash(into:)",
    "Identifiable": "id",
    "Decodable": "init(from:)",
    "Encodable": "encode(to:)",
    "CodingKey": "stringValue intValue init(stringValue:) init(intValue:)",
    "RawRepresentable": "rawValue init(rawValue:) RawValue",
    "CaseIterable": "allCases",
    "Sequence": "makeIterator() Element Iterator",
    "IteratorProtocol": "next()",
    "Collection": "startIndex endIndex index(after:) subscript(_:) count isEmpty",
    "BidirectionalCollection": "index(before:)",
    "ExpressibleByIntegerLiteral": "init(integerLiteral:)",
    "ExpressibleByFloatLiteral": "init(floatLiteral:)",
    "ExpressibleByStringLiteral": "init(stringLiteral:)",
    "ExpressibleByArrayLiteral": "init(arrayLiteral:)",
    "ExpressibleByDictionaryLiteral": "init(dictionaryLiteral:)",
    "RandomNumberGenerator": "next()",
}


class Graphs:
    """All symbols of some symbol graphs, each once, with what relates them."""

    def __init__(self, folders):
        self.symbols, self.owner, self.conformances, self.requirements, self.documented = {}, {}, {}, {}, set()
        self.members = {}
        files = sorted(file for folder in folders for file in Path(folder).rglob("*.symbols.json"))
        if not files:
            sys.exit(f"{sys.argv[0]}: no symbol graphs in {' '.join(folders)}")
        for file in files:
            graph = json.loads(file.read_text())
            for symbol in graph["symbols"]:
                identifier = symbol["identifier"]["precise"]
                if "location" in symbol and "::SYNTHESIZED::" not in identifier:
                    self.symbols[identifier] = symbol
            for relation in graph["relationships"]:
                self.relate(**relation)

    def relate(self, kind, source, target, targetFallback="", **_):
        if kind == "conformsTo":
            self.conformances.setdefault(source, {})[target] = targetFallback.split(".")[-1]
        elif kind in ("requirementOf", "optionalRequirementOf"):
            self.requirements.setdefault(target, set()).add(source)
            self.owner[source] = target
        elif kind == "memberOf":
            self.owner[source] = target
            self.members.setdefault(target, set()).add(source)
        elif kind in ("overrides", "defaultImplementationOf"):
            self.documented.add(source)

    def protocols(self, type):
        """Protocols to which a type conforms, inherited ones too: identifiers and names."""
        found, open = {}, [type]
        while open:
            for protocol, name in self.conformances.get(open.pop(), {}).items():
                if protocol not in found:
                    found[protocol] = name
                    open.append(protocol)
        return found

    def is_witness(self, identifier):
        owner = self.owner.get(identifier)
        if identifier in self.documented:
            return True
        if owner is None or identifier in self.requirements.get(owner, ()):
            return False
        name = self.symbols[identifier]["pathComponents"][-1]
        for protocol, known in self.protocols(owner).items():
            if name in SYSTEM.get(known, "").split():
                return True
            ours = (self.symbols[each] for each in self.requirements.get(protocol, ()) if each in self.symbols)
            if name in (each["pathComponents"][-1] for each in ours):
                return True
        return False

    def docstring(self, identifier):
        lines = self.symbols.get(identifier, {}).get("docComment", {}).get("lines", [])
        return "\n".join(line["text"] for line in lines).strip()

    def is_told_by_its_type(self, identifier):
        symbol, owner = self.symbols[identifier], self.owner.get(identifier)
        if symbol["kind"]["identifier"] == "swift.enum.case":
            return self.docstring(owner) != ""
        if symbol["kind"]["identifier"] != "swift.init" or throws(symbol):
            return False
        arguments = {each.get("internalName", each["name"]) for each in symbol["functionSignature"].get("parameters", [])}
        members = (self.symbols[each] for each in self.members.get(owner, ()) if each in self.symbols)
        return arguments <= {each["pathComponents"][-1] for each in members if each["kind"]["identifier"] == "swift.property"}


def throws(symbol):
    """Whether a declaration itself throws: not its arguments, and not only if they do."""
    text = "".join(part["spelling"] for part in symbol.get("declarationFragments", []))
    kind = symbol["kind"]["identifier"]
    if kind in ("swift.property", "swift.type.property", "swift.subscript", "swift.type.subscript"):
        return re.search(r"\{[^}]*\bthrows\b", text) is not None
    if kind not in ("swift.func", "swift.func.op", "swift.method", "swift.type.method", "swift.init"):
        return False
    while text != (text := re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", text)):
        pass  # what stands in brackets goes, from the innermost
    return re.search(r"\bthrows\b", text.split("->")[0]) is not None


def strangers(symbol, text):
    """Names under "- Parameters:" that no parameter has; several may share a line, with commas."""
    names = re.findall(r"^\s*- Parameter ([^:]+):", text, re.MULTILINE)
    listed = re.search(r"^- Parameters:\n((?:[ ]+.*\n?)*)", text, re.MULTILINE)
    names += re.findall(r"^\s+- ([^:]+):", listed.group(1), re.MULTILINE) if listed else []
    parameters = symbol.get("functionSignature", {}).get("parameters", [])
    known = {each["name"] for each in parameters} | {each.get("internalName") for each in parameters}
    known |= {each["name"] for each in symbol.get("swiftGenerics", {}).get("parameters", [])}
    return [name for listing in names for name in listing.replace("`", "").split(", ") if name not in known]


def place(symbol):
    path = unquote(urlparse(symbol["location"]["uri"]).path)
    start = path.find("/Sources/")
    return path[start + 1:] if start >= 0 else path, symbol["location"]["position"]["line"] + 1


def main(folders):
    graphs = Graphs(folders)
    silent, vague, wrong = [], [], []
    for identifier, symbol in graphs.symbols.items():
        text = graphs.docstring(identifier)
        if not place(symbol)[0].startswith("Sources/"):
            continue  # of a dependency
        if symbol["kind"]["identifier"] == "swift.extension":
            continue  # what it adds is listed by itself
        line = (*place(symbol), ".".join(symbol["pathComponents"]))
        if text == "":
            if not graphs.is_witness(identifier) and not graphs.is_told_by_its_type(identifier):
                silent.append(line)
            continue
        if graphs.is_witness(identifier):
            continue  # what it throws, its requirement says
        if throws(symbol) and not re.search(r"throw|error", text, re.IGNORECASE):
            vague.append(line)
        if symbol["kind"]["identifier"] != "swift.enum.case":
            wrong += [(*line[:2], f"{line[2]} names a parameter {name}") for name in strangers(symbol, text)]
    kinds = (("no docstring", silent), ("does not say what it throws", vague), ("that is not there", wrong))
    for title, lines in kinds:
        for file, number, name in sorted(set(lines)):
            print(f"{file}:{number} {name}: {title}")
    print(
        f"{len(graphs.symbols)} public declarations: {len(silent)} without a docstring, {len(vague)} do not say what they "
        f"throw, {len(wrong)} parameters are not there"
    )
    sys.exit(1 if silent or vague or wrong else 0)


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv[1:]):
        sys.exit(print(__doc__))
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    main(sys.argv[1:])
