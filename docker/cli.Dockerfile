# The client.
#   docker run --rm -v "$PWD:/work" -w /work -e COCOS_MANAGER_URL ... cocos-cli list-vms
ARG BASE=debian:12-slim
FROM ${BASE}
RUN apt-get update && apt-get install -y --no-install-recommends \
        libcurl4 libssl3 libjansson4 libarchive13 ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY build/bin/cocos-cli /usr/bin/
ENTRYPOINT ["/usr/bin/cocos-cli"]
