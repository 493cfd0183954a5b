import { registry } from "@web/core/registry";
import { ReferenceField, referenceField } from "@web/views/fields/reference/reference_field";

/** Core's field, whose choice of the model has no name for a screen reader. */
class NamedReferenceField extends ReferenceField {
    static template = "mail_office365.NamedReferenceField";
}

registry.category("fields").add("office365_reference", { ...referenceField, component: NamedReferenceField });
