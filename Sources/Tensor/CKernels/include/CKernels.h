// Hot loops of the tensor module. They know pointers and lengths, neither shapes nor policy, and
// run on the calling thread; `parallel_for` deals work to cores. All matrices are row-major.
#ifndef CKERNELS_H
#define CKERNELS_H

#include "activation.h"
#include "attention.h"
#include "columns.h"
#include "convolution.h"
#include "cross_entropy.h"
#include "delta_rule.h"
#include "double_rows.h"
#include "dropout.h"
#include "dequantize.h"
#include "elementwise.h"
#include "factors.h"
#include "kernel_version.h"
#include "memory_checks.h"
#include "norm.h"
#include "optimizer.h"
#include "processor_mask.h"
#include "products.h"
#include "rope.h"
#include "rows.h"
#include "soft_cap.h"
#include "thread_pool.h"
#include "unpack.h"

#endif
