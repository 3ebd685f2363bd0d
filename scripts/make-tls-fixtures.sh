#!/bin/sh
# Makes test/fixtures/tls: an authority that nobody trusts, with a certificate for a server on this machine and one for a client,
# and another authority with a client of its own. Keys in a repository are for tests only. Run again, it makes others.
set -eu
out=$(cd "$(dirname "$0")/.." && pwd)/test/fixtures/tls
days=36500
mkdir -p "$out"
cd "$out"

authority() { # name
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days $days -subj "/CN=Twinloom test $1" \
    -keyout "$1.key" -out "$1.pem" -addext "keyUsage=critical,keyCertSign,cRLSign"
}
certificate() { # name authority extensions
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  echo "$3" > extensions
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -days $days -extfile extensions -out "$1.pem"
  rm "$1.csr" extensions
}
authority authority
authority stranger
certificate server authority "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"
certificate client authority "extendedKeyUsage=clientAuth"
certificate strange-client stranger "extendedKeyUsage=clientAuth"
# Nothing more is signed.
rm authority.key stranger.key
