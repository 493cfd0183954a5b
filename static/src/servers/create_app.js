import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useOwnedDialogs } from "@web/core/utils/hooks";
import { FormViewDialog } from "@web/views/view_dialogs/form_view_dialog";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** Creates the Entra app of a server in a dialog. The server need not be saved before, which it cannot be without one. */
export class CreateApp extends Component {
    static template = "mail_office365.CreateApp";
    static props = { ...standardWidgetProps };

    setup() {
        this.addDialog = useOwnedDialogs();
    }

    create() {
        const server = this.props.record;
        this.addDialog(FormViewDialog, {
            resModel: "office365.app",
            title: _t("Create the Entra App"),
            context: { default_cloud: server.data.office365_cloud, default_name: _t("Odoo Mail") },
            onRecordSaved: (app) => server.update({ office365_app_id: { id: app.resId, display_name: app.data.name } }),
        });
    }
}

registry.category("view_widgets").add("mail_office365_create_app", { component: CreateApp });
