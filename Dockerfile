# Both stages stand on the same Python, so that the virtual environment can be copied as it is.
FROM python:3.13-slim AS build
COPY --from=ghcr.io/astral-sh/uv:0.9 /uv /usr/local/bin/uv
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /src
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    uv sync --locked --no-install-project --no-dev --no-editable
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY exporter ./exporter
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-editable

FROM python:3.13-slim
LABEL org.opencontainers.image.title="sms-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the credit, subscription and contact quota of messaging accounts" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /src/.venv /src/.venv
COPY LICENSE /usr/share/doc/sms-exporter/LICENSE
ENV PATH=/src/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# A number, because Kubernetes' runAsNonRoot can't look a name up.
USER 65532:65532
WORKDIR /etc/sms-exporter
EXPOSE 10077
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:10077/-/healthy', timeout=2)"]
ENTRYPOINT ["sms-exporter"]
CMD ["serve", "--config.file=/etc/sms-exporter/sms-exporter.yml"]
