#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check_documents.sh TOOL SOURCE_DIR: what document_tool writes is valid by the published schemas and well-formed XML, and the
# schemas refuse what the code refuses.
set -euo pipefail
tool=$1
schemas=$2/docs/schemas
checker=$(realpath "$(dirname "$0")/check_documents.py")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

command -v xmllint >/dev/null || {
  echo "xmllint (package libxml2-utils) is missing"
  exit 77
}
/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || {
  echo "the package python3-jsonschema is missing"
  exit 77
}

"$tool" write "$scratch"
xmllint --noout "$scratch"/*.xml
PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=error /usr/bin/python3 "$checker" "$tool" "$schemas" "$scratch"
