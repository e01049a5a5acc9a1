# The gateway, for the manager's door on the host: the agent's door belongs inside of the VM.
#   docker run -p 7021:7020 -v /etc/cocos:/etc/cocos cocos-gateway --manager https://... --tokens /etc/cocos/tokens
ARG BASE=debian:12-slim
FROM ${BASE}
RUN apt-get update && apt-get install -y --no-install-recommends \
        libnghttp2-14 libprotobuf-c1 libssl3 libcurl4 libjansson4 libmicrohttpd12 libseccomp2 \
    && rm -rf /var/lib/apt/lists/*
COPY build/bin/cocos-gateway /usr/bin/
ENV COCOS_GATEWAY_LISTEN=0.0.0.0:7020
EXPOSE 7020
USER nobody
ENTRYPOINT ["/usr/bin/cocos-gateway"]
