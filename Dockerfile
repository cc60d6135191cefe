# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY graphql_app graphql_app
RUN python -m venv /opt/app && /opt/app/bin/pip install --no-cache-dir --disable-pip-version-check .

# A glibc image, not musl: the embedded PostgreSQL, which starts if POSTGRES_URL is not set, is built against glibc.
FROM python:3.13-slim
RUN useradd --system --create-home --uid 10001 app
COPY --from=build /opt/app /opt/app
ENV PATH=/opt/app/bin:$PATH PYTHONUNBUFFERED=1 SHIPMENTS_HOST=0.0.0.0 SHIPMENTS_LOG_FORMAT=json
USER 10001
WORKDIR /home/app
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=5 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
CMD ["graphql-app", "serve"]
