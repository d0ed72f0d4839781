# SPDX-License-Identifier: BSD-2-Clause
"""Headless Chromium, driven by its DevTools protocol, with nothing but Python's standard library."""
import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request


def find():
    """The browser's program, or None."""
    for name in ('chromium', 'chromium-browser', 'google-chrome'):
        if shutil.which(name):
            return shutil.which(name)
    return None


class Socket:
    """The client's side of a WebSocket (RFC 6455), for texts."""

    def __init__(self, url):
        host, path = url[len('ws://'):].split('/', 1)
        name, port = host.split(':')
        self.socket = socket.create_connection((name, int(port)), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(('GET /%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                             'Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n' % (path, host, key)).encode())
        answer = b''
        while b'\r\n\r\n' not in answer:
            answer += self.take(1)
        if b' 101 ' not in answer.split(b'\r\n')[0]:
            raise OSError('no WebSocket: %r' % answer)

    def take(self, size):
        out = b''
        while len(out) < size:
            more = self.socket.recv(min(size - len(out), 1 << 20))
            if not more:
                raise OSError('the browser has closed the connection')
            out += more
        return out

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        size = len(data)
        head = bytes([0x81]) + (bytes([0x80 | size]) if size < 126 else
                                struct.pack('>BH', 0xfe, size) if size < 65536 else struct.pack('>BQ', 0xff, size))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def receive(self):
        out = b''
        while True:
            first, size = self.take(2)
            size &= 0x7f
            if size == 126:
                size, = struct.unpack('>H', self.take(2))
            elif size == 127:
                size, = struct.unpack('>Q', self.take(8))
            data = self.take(size)
            if first & 0xf == 8:
                raise OSError('the browser has closed the connection')
            if first & 0xf < 3:
                out += data
            if first & 0x80 and first & 0xf < 3:
                return out.decode()


class Browser:
    """One page of a browser that is started for it. `messages` has what the console and the browser had to say."""

    def __init__(self, program, width=1400, height=1000):
        self.folder = tempfile.mkdtemp(prefix='tcpreuse-browser-')
        self.process = subprocess.Popen(
            [program, '--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-extensions',
             '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage', '--hide-scrollbars',
             '--disable-sync', '--remote-debugging-port=0', '--user-data-dir=' + self.folder, '--lang=en-US',
             '--window-size=%d,%d' % (width, height), 'about:blank'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.messages, self.requests, self.events, self.number = [], [], [], 0
        port_file = os.path.join(self.folder, 'DevToolsActivePort')
        end = time.monotonic() + 60
        while not os.path.exists(port_file) or len(open(port_file).read().split('\n')) < 2:
            if time.monotonic() > end or self.process.poll() is not None:
                raise OSError('the browser does not start')
            time.sleep(0.1)
        port = open(port_file).read().split('\n')[0]
        with urllib.request.urlopen('http://127.0.0.1:%s/json/list' % port, timeout=30) as answer:
            pages = [p for p in json.load(answer) if p['type'] == 'page']
        self.socket = Socket(pages[0]['webSocketDebuggerUrl'])
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(domain + '.enable')

    def note(self, event):
        kind, parameters = event.get('method'), event.get('params', {})
        if kind == 'Runtime.consoleAPICalled':
            self.messages.append('console.%s: %s' % (parameters['type'], [a.get('value') for a in parameters['args']]))
        elif kind == 'Runtime.exceptionThrown':
            details = parameters['exceptionDetails']
            self.messages.append('exception: ' + details.get('exception', {}).get('description', details['text']))
        elif kind == 'Log.entryAdded':
            self.messages.append('log: ' + parameters['entry']['text'])
        elif kind == 'Network.requestWillBeSent':
            self.requests.append(parameters['request']['url'])
        self.events.append(kind)

    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({'id': self.number, 'method': method, 'params': parameters}))
        while True:
            got = json.loads(self.socket.receive())
            if got.get('id') == self.number:
                if 'error' in got:
                    raise OSError('%s: %s' % (method, got['error']))
                return got['result']
            self.note(got)

    def evaluate(self, expression):
        got = self.call('Runtime.evaluate', expression=expression, awaitPromise=True, returnByValue=True)
        if 'exceptionDetails' in got:
            raise ValueError(got['exceptionDetails'].get('exception', {}).get('description', 'an exception'))
        return got['result'].get('value')

    def open(self, path, limit=60):
        """Opens a file; returns the seconds until its scripts have ended."""
        begin = time.monotonic()
        self.call('Page.navigate', url='file://' + os.path.abspath(path))
        while time.monotonic() - begin < limit:
            if self.evaluate('document.documentElement && document.documentElement.dataset.ready') == 'yes':
                return time.monotonic() - begin
            time.sleep(0.02)
        raise OSError('%s: not ready within %d s: %s' % (path, limit, self.messages))

    def size(self, width, height, dark=False):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])

    def picture(self, path, whole=True):
        data = self.call('Page.captureScreenshot', format='png', captureBeyondViewport=whole)['data']
        with open(path, 'wb') as file:
            file.write(base64.b64decode(data))

    def print(self, path):
        data = self.call('Page.printToPDF', printBackground=True, preferCSSPageSize=True)['data']
        with open(path, 'wb') as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
