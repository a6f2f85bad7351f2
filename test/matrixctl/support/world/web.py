"""The ports that the containers publish, open while their containers run, with answers as nginx, Synapse and Element
give them. The certificate is self-signed and ends in 80 days."""

import os
import socket
import ssl
import subprocess
import threading

PORTS = {80: 'nginx-nginx-1', 443: 'nginx-nginx-1', 8448: 'nginx-nginx-1', 8008: 'matrix-synapse-1',
         8080: 'matrix-element-1'}
CHALLENGE = '/mnt/bookworm/var/www/letsencrypt'
CORS = 'Access-Control-Allow-Origin: *\r\n'
SAID = {200: 'OK', 404: 'Not Found', 502: 'Bad Gateway', 503: 'Service Unavailable'}


class Web:
    def __init__(self, engine, synapse):
        self.engine, self.synapse, self.open = engine, synapse, {}
        key, certificate = '/mnt/output/key.pem', '/mnt/output/certificate.pem'
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                        '-subj', '/CN=matrix.example.org', '-days', '80', '-keyout', key, '-out', certificate],
                       check=True, capture_output=True)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)

    def follow(self):
        """Opens and closes ports after the table of containers has changed."""
        for port, name in PORTS.items():
            if self.engine.runs(name) and port not in self.open:
                listening = socket.create_server(('', port), backlog=64)
                self.open[port] = listening
                threading.Thread(target=self.listen, args=(port, listening), daemon=True).start()
            elif not self.engine.runs(name) and port in self.open:
                listening = self.open.pop(port)
                listening.shutdown(socket.SHUT_RDWR)
                listening.close()

    def listen(self, port, listening):
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(port, connection), daemon=True).start()

    def serve(self, port, connection):
        try:
            connection.settimeout(20)
            if port in (443, 8448):
                connection = self.tls.wrap_socket(connection, server_side=True)
            request = b''
            while b'\r\n\r\n' not in request:
                part = connection.recv(4096)
                if not part:
                    return
                request += part
            path = request.split()[1].decode('latin1')
            code, head, body = self.answer(port, path)
            text = f'HTTP/1.1 {code} {SAID[code]}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{head}\r\n{body}'
            connection.sendall(text.encode('latin1', 'replace'))
        except OSError:
            pass
        finally:
            connection.close()

    def answer(self, port, path):
        if path.startswith('/.well-known/acme-challenge/') and port == 80:
            try:
                with open(CHALLENGE + path, encoding='latin1') as file:
                    return 200, '', file.read()
            except OSError:
                return 404, '', ''
        if path.startswith('/backup.tar.gz') and port == 80:
            with open('/mnt/output/other.tar.gz', encoding='latin1', newline='') as file:
                return 200, '', file.read()
        if path.startswith('/.well-known/matrix/'):
            return 200, CORS, '{"m.server":"matrix.example.org:443"}'
        if path.startswith(('/_matrix', '/_synapse')) or port == 8008:
            with self.engine.lock:
                ailment = self.synapse.ailment()
            if ailment:
                return (503 if port == 8008 else 502), '', ailment
            if path.startswith('/_matrix/client/v3/directory/room/'):
                return 404, '', '{"errcode":"M_NOT_FOUND"}'
            return 200, '', '{"versions":["v1.1"],"verify_keys":{"ed25519:a":{}}}'
        return 200, '', '<title>Element</title>'


def forget_challenge():
    for top, _, names in os.walk(CHALLENGE):
        for name in names:
            os.remove(os.path.join(top, name))
