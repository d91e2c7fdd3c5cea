/* What became of events that are not in a capture, as its tools say it. */
#pragma once

/* "bulk ring full"; class: enum loss_class, others are of a class unknown to this program. */
const char *loss_words(unsigned class);
