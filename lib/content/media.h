/* SPDX-License-Identifier: MIT */
/*
 * media - types and annotations of the OCI image specification and of docker, and upper
 * bounds.
 */
#pragma once

#define MEDIA_OCI_INDEX        "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST     "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG       "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_LAYER        "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_OCI_LAYER_GZIP   "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_OCI_LAYER_ZSTD   "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_DOCKER_LIST      "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST  "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG    "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER     "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define REF_NAME_ANNOTATION    "org.opencontainers.image.ref.name"
#define DOCKER_NAME_ANNOTATION "io.containerd.image.name"

enum {
	/* bytes of a manifest, config or index from outside */
	CONTENT_JSON_MAX = 4 << 20,
	CONTENT_LAYERS_MAX = 500 /* of one image: what overlayfs takes */
};
