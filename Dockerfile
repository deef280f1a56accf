# The operator and the shared libraries it needs, nothing else: no shell, no package manager.
#
#   docker build -t planekeeper --build-arg VERSION=$(git describe --tags --always) .
#
# The libraries are Debian's own, so that a rebuild brings their security updates.
FROM debian:trixie-slim AS build
RUN apt-get -q update \
 && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends \
        ca-certificates gcc libc6-dev make pkg-config \
        libcurl4-openssl-dev libexpat1-dev libhiredis-dev libjansson-dev libldns-dev libmicrohttpd-dev libssl-dev libyaml-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ARG VERSION=unknown
RUN make -j"$(nproc)" VERSION="$VERSION" build/release/planekeeper

# The loader and every library under /usr, as in a merged-/usr Debian; OpenSSL and curl look for the CA bundle in two places.
RUN set -eu; root=/rootfs; bin=build/release/planekeeper; \
    mkdir -p $root/usr/bin $root/usr/lib/ssl $root/etc/ssl/certs $root/usr/share/doc/planekeeper; \
    strip -o $root/usr/bin/planekeeper $bin; \
    ldd $bin | grep -o '/[^ ]*' | while read -r file; do \
        to=$root/usr/${file#/}; to=$(echo "$to" | sed 's|/usr/usr/|/usr/|'); mkdir -p "$(dirname "$to")"; cp -L "$file" "$to"; \
    done; \
    for folder in lib lib64; do if [ -d $root/usr/$folder ]; then ln -s usr/$folder $root/$folder; fi; done; \
    cp /etc/ssl/certs/ca-certificates.crt $root/etc/ssl/certs/; \
    ln -s /etc/ssl/certs/ca-certificates.crt $root/usr/lib/ssl/cert.pem; \
    cp LICENSE $root/usr/share/doc/planekeeper/; \
    echo 'hosts: files dns' >$root/etc/nsswitch.conf; \
    echo 'planekeeper:x:65532:65532:planekeeper:/:/usr/sbin/nologin' >$root/etc/passwd; \
    echo 'planekeeper:x:65532:' >$root/etc/group

FROM scratch
ARG VERSION=unknown
LABEL org.opencontainers.image.title=planekeeper \
      org.opencontainers.image.description="Keeps a multi-cluster management plane reachable: switches its DNS record and its Redis lock" \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.version=$VERSION
COPY --from=build /rootfs /
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["/usr/bin/planekeeper"]
