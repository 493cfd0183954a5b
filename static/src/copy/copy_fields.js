import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import {
    CopyClipboardCharField,
    CopyClipboardURLField,
    copyClipboardCharField,
    copyClipboardURLField,
} from "@web/views/fields/copy_clipboard/copy_clipboard_field";

/** Core's fields with a button that copies; theirs shows an icon alone, which has no name for a screen reader. */
function named(field, component) {
    return {
        ...field,
        component: class extends component {
            static template = "mail_office365.CopyField";

            setup() {
                super.setup();
                this.copyText = _t("Copy");
            }
        },
    };
}

registry.category("fields").add("office365_copy", named(copyClipboardCharField, CopyClipboardCharField));
registry.category("fields").add("office365_copy_url", named(copyClipboardURLField, CopyClipboardURLField));
