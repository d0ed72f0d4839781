#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: embed.py OUT.c PAGE.html PAGE.css LIBRARY.js PAGE-SCRIPT.js...

Makes the parts of the report `page` that are the same in each, as C: page.html with the style, the library and the
scripts in it, cut where its data goes. The content security policy names them by their hashes, so that nothing else runs.
"""
import base64
import hashlib
import re
import sys


def digest(text):
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def as_array(name, text):
    data = text.encode()
    rows = [','.join(str(byte) for byte in data[at:at + 24]) for at in range(0, len(data), 24)]
    return 'const char %s[] = {\n%s};\nconst size_t %s_size = sizeof %s;\n' % (name, ',\n'.join(rows), name, name)


def main():
    out, page, style, library = sys.argv[1:5]
    css, chart = read(style), read(library)
    # A source map is not in the page, and a browser's tools would ask for it.
    chart = re.sub(r'\n?//# sourceMappingURL=\S*\s*$', '\n', chart)
    script = "'use strict';\n(() => {\n%s})();\n" % ''.join(read(path) for path in sys.argv[5:])
    for text in (chart, script):
        if re.search(r'</script|<!--', text, re.IGNORECASE):
            sys.exit('%s: a script holds what would end it within a page' % page)
    version = re.search(r'Chart\.js v([0-9.]+)', chart)
    if not version:
        sys.exit('%s: expected a comment with "Chart.js v" and its version' % library)
    fill = {
        'POLICY': "default-src 'none'; script-src %s %s; style-src %s; img-src data:; base-uri 'none'; form-action 'none'"
                  % (digest(chart), digest(script), digest(css)),
        'STYLE': css, 'LIBRARY': chart, 'SCRIPT': script, 'LIBRARY-VERSION': version[1],
    }
    text = re.sub(r'@([A-Z-]+)@', lambda m: fill.get(m[1], m[0]), read(page))
    head, rest = text.split('@ROWS@')
    between, tail = rest.split('@DATA@')
    with open(out, 'w', encoding='ascii') as file:
        file.write('/* Made by embed.py. */\n#include "io/html/html_collected.h"\n\n')
        file.write(as_array('html_head', head) + as_array('html_between', between) + as_array('html_tail', tail))
        file.write('const char html_library_version[] = "%s";\n' % version[1])


main()
