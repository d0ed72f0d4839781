/* Replaces stream_xz.c in a build without liblzma. */
#include "io/streams/stream_codec.h"

const struct stream_codec stream_codec_xz = {0};
