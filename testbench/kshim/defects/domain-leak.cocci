// SPDX-License-Identifier: GPL-2.0-only
// A nested domain is not freed while its guest domain is shared, nor when its entry is refused.
// files: drivers/iommu/amd/nested.c
// since: 7.0
// why: older drivers have no nested tables
// found-by: nested/shared-domain, nested/refusals: objects in use before and after
@@
expression users;
@@
 nested_domain_free(...)
 {
 <...
 if (!refcount_dec_and_test(users)) {
 	xa_unlock_irqrestore(...);
+	retain_and_null_ptr(ndom);
 	return;
 }
 ...>
 }

@@
identifier domain;
@@
 amd_iommu_alloc_domain_nested(...)
 {
 <...
-kfree(domain);
+(void)domain;
 return ERR_PTR(...);
 ...>
 }
