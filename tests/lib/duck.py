# SPDX-License-Identifier: BSD-2-Clause
"""DuckDB for tests: the Python module where there is one, else DuckDB's package for Node.js, which scripts/test.sh --all
installs from npm since Debian has neither. Values are as the Python module has them, or text that says the same."""
import json
import os
import shutil
import subprocess

# Reads statements, a JSON string a line; answers each with a line: {"rows": [[...]]} or {"error": "..."}.
BRIDGE = '''
const { DuckDBInstance } = require('@duckdb/node-api');
(async () => {
  const base = await (await DuckDBInstance.create(':memory:')).connect();
  for await (const line of require('readline').createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = { rows: (await base.runAndReadAll(JSON.parse(line))).getRowsJson() };
    } catch (error) {
      answer = { error: String(error.message) };
    }
    process.stdout.write(JSON.stringify(answer) + '\\n');
  }
})();
'''


class Missing(Exception):
    """There is no DuckDB; why."""


class Base:
    """A data base in memory, whose files are relative to a folder."""

    def __init__(self, folder):
        try:
            import duckdb
            self.process, self.base, self.folder = None, duckdb.connect(), folder
            return
        except ImportError:
            pass
        modules = os.environ.get('TCPREUSE_NODE_MODULES', '')
        if not os.path.isdir(os.path.join(modules, '@duckdb', 'node-api')) or not shutil.which('node'):
            raise Missing('there is no DuckDB, neither a Python module nor in $TCPREUSE_NODE_MODULES')
        self.process = subprocess.Popen(['node', '-e', BRIDGE], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env={**os.environ, 'NODE_PATH': modules}, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.stdin.close()
            self.process.wait(30)
            self.process.stdout.close()

    def rows(self, statement):
        if not self.process:
            before = os.getcwd()
            os.chdir(self.folder)
            try:
                return self.base.execute(statement).fetchall()
            finally:
                os.chdir(before)
        self.process.stdin.write(json.dumps(statement) + '\n')
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "DuckDB ended"}')
        if 'error' in answer:
            raise RuntimeError(answer['error'])
        return [tuple(row) for row in answer['rows']]
