# Tags, not digests: dependabot moves them on, and the release says by its provenance what they stood for.
FROM ghcr.io/astral-sh/uv:0.13.9 AS uv

# Both stages stand on the same Python, so that the virtual environment can be copied as it is.
FROM docker.io/library/python:3.13-slim-trixie AS build
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/sms-exporter \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /src
# What we depend on comes first and from the lock file alone: a change of our code builds on this layer.
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-install-project --no-dev --no-editable
COPY README.md LICENSE ./
COPY exporter ./exporter
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-editable

FROM docker.io/library/python:3.13-slim-trixie
COPY --from=build /opt/sms-exporter /opt/sms-exporter
COPY LICENSE /usr/share/doc/sms-exporter/LICENSE
ENV PATH=/opt/sms-exporter/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, because Kubernetes' runAsNonRoot can't look a name up. Nothing is written: the root may be read-only.
USER 65532:65532
WORKDIR /etc/sms-exporter
EXPOSE 10077
# No urllib: it would go through http_proxy. 401 is an answer too, where --web.config.file asks for a password; with TLS,
# or on another port, say another health check.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import http.client as h, sys; c = h.HTTPConnection('127.0.0.1', 10077, timeout=3); c.request('GET', '/-/healthy'); sys.exit(c.getresponse().status not in (200, 401))"]
ENTRYPOINT ["sms-exporter"]
CMD ["serve", "--config.file=/etc/sms-exporter/sms-exporter.yml"]

# Last, because they change with every build.
ARG VERSION=0.0.0+unreleased
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="sms-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the credit, subscription status and contact quota of SMS, RCS and WhatsApp accounts" \
      org.opencontainers.image.url="https://github.com/sms-exporter/sms-exporter" \
      org.opencontainers.image.source="https://github.com/sms-exporter/sms-exporter" \
      org.opencontainers.image.documentation="https://github.com/sms-exporter/sms-exporter/tree/main/docs" \
      org.opencontainers.image.vendor="sms-exporter" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
