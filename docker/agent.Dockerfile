# The agent on a plain host, for development: in production it runs inside EOS, measured.
#   docker run --security-opt seccomp=unconfined -p 7002:7002 cocos-agent
# The runner makes namespaces of its own, which container runtimes forbid by default.
ARG BASE=debian:12-slim
FROM ${BASE}
RUN apt-get update && apt-get install -y --no-install-recommends \
        libmicrohttpd12 libgnutls30 libssl3 libjansson4 libarchive13 libseccomp2 libtss2-esys-3.0.2-0 \
        libtss2-tctildr0 libtss2-tcti-device0 python3-minimal \
    && rm -rf /var/lib/apt/lists/*
COPY build/bin/cocos-agent build/bin/cocos-worker /usr/bin/
ENV COCOS_AGENT_LISTEN=0.0.0.0:7002 COCOS_AGENT_STATE_DIR=/var/lib/cocos/agent COCOS_AGENT_SHARE=/var/lib/cocos/share
VOLUME /var/lib/cocos
EXPOSE 7002
ENTRYPOINT ["/usr/bin/cocos-agent"]
