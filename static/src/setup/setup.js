import { openDialog, useFocusAtEnd } from "@mail_office365/dialogs/dialogs";
import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { Dialog } from "@web/core/dialog/dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** How a state is shown: by an icon, a colour and a word. */
function display(state) {
    return {
        done: { icon: "fa-check-circle text-success", label: _t("Done") },
        failed: { icon: "fa-times-circle text-danger", label: _t("Failed") },
        running: { icon: "fa-spinner fa-spin text-primary", label: _t("Checking…") },
        todo: { icon: "fa-circle-o text-muted", label: _t("To do") },
    }[state || "todo"];
}

/** The steps of the set-up: number, name, state and what is next. A step is opened by a click, and what was typed is saved. */
export class SetupSteps extends Component {
    static template = "mail_office365.SetupSteps";
    static props = { ...standardFieldProps };

    setup() {
        this.display = display;
    }

    get steps() {
        return this.props.record.data[this.props.name].records.map((record) => record.data);
    }

    get current() {
        return this.props.record.data.step;
    }

    open(step) {
        return this.props.record.update({ step: step.step }, { save: true });
    }
}

registry.category("fields").add("office365_setup_steps", {
    component: SetupSteps,
    supportedTypes: ["one2many"],
    relatedFields: [
        { name: "sequence", type: "integer" },
        { name: "name", type: "char" },
        { name: "step", type: "char" },
        { name: "state", type: "char" },
        { name: "remedy", type: "char" },
    ],
});

/** What was checked of the open step: each fact with its state, its cause and what to do. */
export class SetupChecks extends Component {
    static template = "mail_office365.SetupChecks";
    static props = { ...standardFieldProps };

    setup() {
        this.display = display;
    }

    get checks() {
        return this.props.record.data[this.props.name].records.map((record) => record.data);
    }
}

registry.category("fields").add("office365_setup_checks", {
    component: SetupChecks,
    supportedTypes: ["many2many", "one2many"],
    relatedFields: [
        { name: "name", type: "char" },
        { name: "state", type: "char" },
        { name: "cause", type: "text" },
        { name: "remedy", type: "text" },
    ],
});

/** Checks steps one after the other. What was found of a step is kept, however it ends. */
export class CheckDialog extends Component {
    static template = "mail_office365.CheckDialog";
    static components = { Dialog };
    static props = { setupId: Number, steps: Array, confirm: { type: Boolean, optional: true }, close: Function };

    setup() {
        this.orm = useService("orm");
        this.display = display;
        this.state = useState({
            steps: this.props.steps.map(([step, label]) => ({ step, label, state: null, remedy: "" })),
            isRunning: true,
        });
        useFocusAtEnd(() => !this.state.isRunning);
        onMounted(() => this.run());
        onWillUnmount(() => this.stop());
    }

    /** What is said of the progress, to screen readers as well. */
    get status() {
        const number = this.state.steps.filter((step) => step.state && step.state !== "running").length;
        return this.state.isRunning
            ? _t("%(number)s of %(total)s steps checked.", { number, total: this.state.steps.length })
            : _t("The check was not completed.");
    }

    async run() {
        let hasFailed = false;
        for (const row of this.state.steps) {
            if (!this.state.isRunning) {
                return;
            }
            row.state = "running";
            try {
                this.call = this.orm.silent.call("office365.setup", "check_step", [
                    [this.props.setupId],
                    row.step,
                    this.props.confirm || false,
                ]);
                Object.assign(row, await this.call);
            } catch (error) {
                hasFailed = true;
                Object.assign(row, { state: "failed", remedy: error.data?.message || error.message });
            }
        }
        if (this.state.isRunning && !hasFailed) {
            this.props.close(); // the page shows what was found
        }
        this.state.isRunning = false;
    }

    /** Wait no longer: the server ends what it has begun by itself. */
    stop() {
        this.state.isRunning = false;
        this.call?.abort?.(false);
    }
}

function checkAction(env, action, options) {
    const { setup_id: setupId, steps, confirm } = action.params;
    openDialog(env, CheckDialog, { setupId, steps, confirm }, options);
}

registry.category("actions").add("mail_office365.check_steps", checkAction);
