/* What the headers that capturing devices put before 802.11 frames say of the frame. */
#ifndef TCPREUSE_DECODE_WLAN_H
#define TCPREUSE_DECODE_WLAN_H

#include "engine/decode/protocols.h"

struct wlan_capture {
    bool has_fcs; /* the last 4 bytes are the frame check sequence */
    bool swapped; /* the two bytes of frame control have changed places */
    bool padded;  /* the header is padded to a multiple of 4 bytes */
    bool plain;   /* protected frames have been decrypted; IV and ICV are still there */
};

void decode_80211_frame(struct decoder *d, struct layer l, struct wlan_capture how);

#endif
