import { openDialog, useFocusAtEnd } from "@mail_office365/dialogs/dialogs";
import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { CopyButton } from "@web/core/copy_button/copy_button";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";

/** Shows how far the check of many addresses is, and does some of it. If it is closed, the server goes on by itself. */
export class ProbeDialog extends Component {
    static template = "mail_office365.ProbeDialog";
    static components = { CopyButton, Dialog };
    static props = { serverIds: Array, title: String, close: Function };

    setup() {
        this.orm = useService("orm");
        this.state = useState({
            done: 0,
            total: 0,
            allowed: 0,
            refused: [],
            unknown: [],
            commands: [],
            status: "",
            is_over: false,
            is_stopped: false,
            isCancelled: false,
            failure: "",
        });
        this.isOpen = true;
        useFocusAtEnd(() => !this.isRunning);
        onMounted(() => this.run());
        onWillUnmount(() => {
            this.isOpen = false;
            browser.clearTimeout(this.timer);
        });
    }

    get percent() {
        return this.state.total ? Math.round((100 * this.state.done) / this.state.total) : 0;
    }

    get isRunning() {
        return !(this.state.is_over || this.state.isCancelled || this.state.failure);
    }

    get results() {
        const { allowed, refused, unknown } = this.state;
        return [
            _t("Allowed: %s", allowed),
            ...(refused.length ? [_t("Refused: %s", refused.join(", "))] : []),
            ...(unknown.length ? [_t("Not known: %s", unknown.join(", "))] : []),
        ];
    }

    async run() {
        try {
            while (this.isOpen && this.isRunning) {
                const progress = await this.orm.silent.call("ir.mail_server", "office365_probe_some", [this.props.serverIds]);
                if (this.state.isCancelled) {
                    return;
                }
                Object.assign(this.state, progress);
                if (!progress.is_over) {
                    await new Promise((resolve) => {
                        this.timer = browser.setTimeout(resolve, 1000 * Math.max(progress.wait, 0.5));
                    });
                }
            }
        } catch (error) {
            this.state.failure = error.data?.message || error.message;
        }
    }

    async cancel() {
        this.state.isCancelled = true;
        await this.orm.call("ir.mail_server", "action_office365_probe_cancel", [this.props.serverIds]);
    }
}

function probeAction(env, action, options) {
    const { server_ids: serverIds, title } = action.params;
    openDialog(env, ProbeDialog, { serverIds, title }, options);
}

registry.category("actions").add("mail_office365.probe", probeAction);
