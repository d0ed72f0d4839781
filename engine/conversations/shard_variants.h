/* A template: all variants of the passes (shard_passes.h) with or without verdicts.
 *
 * Parameters: define these before each inclusion, which undefines them.
 *     VERDICTS         true: keep what verdicts need (history.h)
 *     VARIANT(name)    the name of a variant */
#define PASSES   VARIANT(passes4_later)
#define FAMILY   FAMILY_IPV4
#define RULES_40 false
#define MARK     false
#define FORGETS  false
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(passes6_later)
#define FAMILY   FAMILY_IPV6
#define RULES_40 false
#define MARK     false
#define FORGETS  false
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(passes4_later_marking)
#define FAMILY   FAMILY_IPV4
#define RULES_40 false
#define MARK     true
#define FORGETS  false
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(passes6_later_marking)
#define FAMILY   FAMILY_IPV6
#define RULES_40 false
#define MARK     true
#define FORGETS  false
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(passes4_40)
#define FAMILY   FAMILY_IPV4
#define RULES_40 true
#define MARK     false
#define FORGETS  false
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(passes6_40)
#define FAMILY   FAMILY_IPV6
#define RULES_40 true
#define MARK     false
#define FORGETS  false
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(passes4_40_marking)
#define FAMILY   FAMILY_IPV4
#define RULES_40 true
#define MARK     true
#define FORGETS  false
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(passes6_40_marking)
#define FAMILY   FAMILY_IPV6
#define RULES_40 true
#define MARK     true
#define FORGETS  false
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(passes4_forget)
#define FAMILY   FAMILY_IPV4
#define RULES_40 false
#define MARK     false
#define FORGETS  true
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(passes6_forget)
#define FAMILY   FAMILY_IPV6
#define RULES_40 false
#define MARK     false
#define FORGETS  true
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(passes4_forget_marking)
#define FAMILY   FAMILY_IPV4
#define RULES_40 false
#define MARK     true
#define FORGETS  true
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(passes6_forget_marking)
#define FAMILY   FAMILY_IPV6
#define RULES_40 false
#define MARK     true
#define FORGETS  true
#include "engine/conversations/shard_passes.h"

/* No key has more than the tuple under 4.0. */
#define PASSES   VARIANT(keyed_later)
#define FAMILY   FAMILY_KEYED
#define RULES_40 false
#define MARK     false
#define FORGETS  false
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(keyed_later_marking)
#define FAMILY   FAMILY_KEYED
#define RULES_40 false
#define MARK     true
#define FORGETS  false
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(keyed_forget)
#define FAMILY   FAMILY_KEYED
#define RULES_40 false
#define MARK     false
#define FORGETS  true
#include "engine/conversations/shard_passes.h"

#define PASSES   VARIANT(keyed_forget_marking)
#define FAMILY   FAMILY_KEYED
#define RULES_40 false
#define MARK     true
#define FORGETS  true
#include "engine/conversations/shard_passes.h"

#undef VERDICTS
#undef VARIANT
