# A node in a container, of the Debian package (./dev package --image). Its folder, the key included,
# is the volume; settings of your own are mounted at /etc/parley/parley.toml.
FROM debian:12 AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git
WORKDIR /parley
COPY . .
RUN ./dev package

FROM debian:12-slim
RUN --mount=type=bind,from=build,source=/parley/build/package,target=/packages \
    apt-get update && \
    apt-get install -y --no-install-recommends /packages/parley_*.deb && \
    rm -rf /var/lib/apt/lists/*
USER parley
ENV PARLEY_DIR=/var/lib/parley
VOLUME /var/lib/parley
EXPOSE 30770/tcp 30770/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["parley", "status", "/var/lib/parley"]
ENTRYPOINT ["parley"]
CMD ["run", "/var/lib/parley", "--new", "--settings", "/etc/parley/parley.toml"]
