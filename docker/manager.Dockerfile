# The manager, for a TEE host: talks to the host's libvirt through its socket.
#   docker build --build-arg BASE=debian:12-slim -f docker/manager.Dockerfile .
#   docker run --network host -v /run/libvirt:/run/libvirt -v cocos:/var/lib/cocos cocos-manager
# The state directory must have the same path inside and outside, since libvirt opens the files by path.
ARG BASE=debian:12-slim
FROM ${BASE}
RUN apt-get update && apt-get install -y --no-install-recommends \
        libmicrohttpd12 libgnutls30 libssl3 libjansson4 libarchive13 libseccomp2 libvirt0 libxml2 \
        libcurl4 \
    && rm -rf /var/lib/apt/lists/*
COPY build/bin/cocos-manager build/bin/cocos-cli /usr/bin/
ENV COCOS_MANAGER_STATE_DIR=/var/lib/cocos/manager COCOS_MANAGER_IMAGE_DIR=/var/lib/cocos/images
VOLUME /var/lib/cocos
ENTRYPOINT ["/usr/bin/cocos-manager"]
