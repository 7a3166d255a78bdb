#!/usr/bin/env bash
# Each room of Package.swift declares the targets that its sources import, and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."

# A room a line: its name, then what it declares.
declared() {
  tr -d '\n' <Package.swift | grep -oE 'room\( *"[A-Za-z]+"(, *on: *\[[^]]*\])?' |
    sed -E 's/\.product\(name: *("[A-Za-z]+")[^)]*\)/\1/g' | grep -oE '^room|"[A-Za-z]+"' |
    awk '/^room/ { if (line) print line; line = ""; next } { gsub(/"/, ""); line = line " " $0 } END { print line }'
}

# What a room's sources import, besides the system's libraries.
imported() {
  cat Sources/"$1"/*.swift Sources/"$1"/*/*.swift 2>/dev/null | sed -nE 's/^(@[_a-z]+ |public |package )*import ([A-Za-z]+)$/\2/p' |
    grep -vxE 'Foundation|Synchronization|Glibc|Darwin' | sort -u
}

failed=0
while read -r room others; do
  [ "$room" = Descent ] && continue # re-exports all
  have=$(tr ' ' '\n' <<<"$others" | sed '/^$/d' | sort -u)
  need=$(imported "$room" || true)
  missing=$(comm -13 <(echo "$have") <(echo "$need") | xargs)
  unused=$(comm -23 <(echo "$have") <(echo "$need") | xargs)
  [ -z "$missing" ] || { echo "Package.swift: $room imports $missing and does not declare it" && failed=1; }
  [ -z "$unused" ] || { echo "Package.swift: $room declares $unused and does not import it" && failed=1; }
done < <(declared)
exit $failed
